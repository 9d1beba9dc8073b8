package manifest

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Components of the gateway, for the label app.kubernetes.io/component.
const (
	Proxy   = "proxy"   // what serves clients
	Admin   = "admin"   // the proxies' admin port
	Monitor = "monitor" // what watches the proxies
	Sync    = "sync"    // what brings the manifests into the cluster
)

// Annotations of rendered objects.
const (
	annotationEnvironment = "gwc.dev/environment"
	AnnotationRevision    = "gwc.dev/revision"
)

// AdminPort is the name of the admin port in pods and Services.
const AdminPort = "admin"

// Meta returns the metadata of an object in the gateway's namespace.
func (in Input) Meta(name, component string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name:        name,
		Namespace:   in.Gateway.Targets.Kube.Namespace,
		Labels:      in.Labels(component),
		Annotations: map[string]string{annotationEnvironment: in.Gateway.Environment},
	}
}

// Labels returns the labels of an object. The environment is not among them: it stands in an annotation, which
// takes any name.
func (in Input) Labels(component string) map[string]string {
	labels := in.Selector(component)
	labels["app.kubernetes.io/part-of"] = "gwc"
	labels["app.kubernetes.io/managed-by"] = "gwc"
	return labels
}

// Selector returns the labels that pods and Services are selected by. They never change in an object's life,
// which Deployments require.
func (in Input) Selector(component string) map[string]string {
	return map[string]string{
		"app.kubernetes.io/name":      "gwproxy",
		"app.kubernetes.io/instance":  in.Gateway.Targets.Kube.Name,
		"app.kubernetes.io/component": component,
	}
}
