package kube

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"gwc.dev/compiler/render/manifest"
	"gwc.dev/schema"
)

// Where gwproxy finds what it needs to reach the registry.
const (
	registryDir      = "/etc/gwc/registry"
	registryCADir    = "/etc/gwc/registry-ca"
	registryTokenDir = "/var/run/gwc/registry"

	registryCAFile    = "ca.crt"
	registryTokenFile = "token"
)

// tokenLifetime is how long a service account's token lasts; Kubernetes renews it when most of that is over.
const tokenLifetime = 3600

// A registryFile is something mounted that the proxies reach the registry with.
type registryFile struct {
	name, dir string
	source    corev1.VolumeSource
	argument  string          // of gwproxy; "": none
	variable  []corev1.EnvVar // of its environment
}

// mirrorArguments tell gwproxy which registries to ask first.
func mirrorArguments(in manifest.Input) []string {
	var args []string
	if r := in.Gateway.Targets.Kube.Registry; r != nil {
		for host, mirrors := range schema.Sorted(r.Mirrors) {
			args = append(args, "--registry-mirror="+mirrorValue(host, mirrors))
		}
	}
	return args
}

func mirrorValue(host string, mirrors schema.Ordered) string {
	return host + "=" + strings.Join(mirrors, ",")
}

// registryFiles are those that the settings ask for. A token is projected for its audience alone: it opens nothing in the
// cluster, and the account's own stays out of the pod.
func registryFiles(in manifest.Input) []registryFile {
	var files []registryFile
	k := in.Gateway.Targets.Kube
	if k.PullSecret != "" {
		files = append(files, registryFile{
			name: "registry", dir: registryDir,
			source: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
				SecretName: k.PullSecret, DefaultMode: new(int32(0o440)),
				Items: []corev1.KeyToPath{{Key: corev1.DockerConfigJsonKey, Path: "config.json"}},
			}},
			variable: []corev1.EnvVar{{Name: "DOCKER_CONFIG", Value: registryDir}},
		})
	}
	if k.Registry == nil {
		return files
	}
	if k.Registry.CASecret != "" {
		files = append(files, registryFile{
			name: "registry-ca", dir: registryCADir,
			source: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
				SecretName: k.Registry.CASecret, DefaultMode: new(int32(0o440)),
				Items: []corev1.KeyToPath{{Key: registryCAFile, Path: registryCAFile}},
			}},
			argument: "--source-ca=" + registryCADir + "/" + registryCAFile,
		})
	}
	if k.Registry.Audience != "" {
		files = append(files, registryFile{
			name: "registry-token", dir: registryTokenDir,
			source: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
				DefaultMode: new(int32(0o440)),
				Sources: []corev1.VolumeProjection{{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{
					Audience: k.Registry.Audience, ExpirationSeconds: new(int64(tokenLifetime)), Path: registryTokenFile,
				}}},
			}},
			argument: "--registry-token-file=" + registryTokenDir + "/" + registryTokenFile,
		})
	}
	return files
}
