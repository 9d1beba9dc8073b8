// Package crd requires the modules that CustomResourceDefinitions are taken from, for their files alone.
package crd

import (
	_ "github.com/prometheus-operator/prometheus-operator/pkg/versionutil"
	_ "sigs.k8s.io/gateway-api/pkg/consts"
)
