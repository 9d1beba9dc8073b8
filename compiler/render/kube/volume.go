package kube

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"gwc.dev/compiler/render/manifest"
)

// Where things are in the container.
const (
	keysDir    = "/etc/gwc/keys"
	secretsDir = "/var/run/gwc/secrets"
	stateDir   = "/var/lib/gwc"
)

// stateSize is room for a few bundles.
const stateSize = 256 << 20

func mounts(in manifest.Input) []corev1.VolumeMount {
	out := []corev1.VolumeMount{
		{Name: "keys", MountPath: keysDir, ReadOnly: true},
		{Name: "secrets", MountPath: secretsDir, ReadOnly: true},
		{Name: "state", MountPath: stateDir},
	}
	for _, f := range registryFiles(in) {
		out = append(out, corev1.VolumeMount{Name: f.name, MountPath: f.dir, ReadOnly: true})
	}
	return out
}

// volumes returns what [mounts] mounts. The secrets are one projected volume, which keeps gwproxy's layout and
// follows a Secret's rotation without a restart.
func volumes(in manifest.Input) []corev1.Volume {
	out := []corev1.Volume{
		{Name: "keys", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: keysName(in)},
		}}},
		{Name: "secrets", VolumeSource: secretVolume(in)},
		{Name: "state", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{
			SizeLimit: resource.NewQuantity(stateSize, resource.BinarySI),
		}}},
	}
	for _, f := range registryFiles(in) {
		out = append(out, corev1.Volume{Name: f.name, VolumeSource: f.source})
	}
	return out
}

func secretVolume(in manifest.Input) corev1.VolumeSource {
	sources := secretSources(in.Gateway)
	if len(sources) == 0 {
		return corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}
	}
	return corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: sources, DefaultMode: new(int32(0o440))}}
}
