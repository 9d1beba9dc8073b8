package kube

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"gwc.dev/compiler/render/manifest"
)

// deployment runs the proxies. It says nothing of their number, which is the autoscaler's.
func deployment(in manifest.Input, bundle manifest.Ref, trusted string) *appsv1.Deployment {
	meta := in.Meta(in.Gateway.Targets.Kube.Name, manifest.Proxy)
	if in.Revision != "" {
		meta.Annotations[manifest.AnnotationRevision] = in.Revision
	}
	pod := metav1.ObjectMeta{Labels: in.Labels(manifest.Proxy)} // other keys need no other pods: gwproxy reads them again
	return &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: meta,
		Spec: appsv1.DeploymentSpec{
			Selector:             &metav1.LabelSelector{MatchLabels: in.Selector(manifest.Proxy)},
			RevisionHistoryLimit: new(int32(5)),
			Strategy: appsv1.DeploymentStrategy{
				Type: appsv1.RollingUpdateDeploymentStrategyType,
				RollingUpdate: &appsv1.RollingUpdateDeployment{
					MaxUnavailable: new(intstr.FromInt32(0)),
					MaxSurge:       new(intstr.FromString("25%")),
				},
			},
			Template: corev1.PodTemplateSpec{ObjectMeta: pod, Spec: podSpec(in, bundle, trusted)},
		},
	}
}
