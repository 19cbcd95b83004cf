#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# pin_kubernetes.sh VERSION, as in 1.34.4: write go.mod and go.sum of the lab's Kubernetes (lab/kubernetes).
# Its own go.mod has a path in its repository in place of each module that is published beside it. Here each of them is its
# published version: v0.34.4 for Kubernetes 1.34.4.
set -euo pipefail
cd "$(dirname "$0")/../lab/kubernetes"
version=${1:?which version, as in 1.34.4}
beside=v0.${version#1.}

(cd /tmp && go mod download "k8s.io/kubernetes@v$version")
theirs=$(go env GOMODCACHE)/cache/download/k8s.io/kubernetes/@v/v$version.mod
{
  printf 'module slipway.example/kubernetes\n\n'
  grep -E '^(go|godebug) ' "$theirs"
  printf '\nrequire k8s.io/kubernetes v%s\n\nreplace (\n' "$version"
  sed -nE "s#^\t(k8s.io/[a-z-]+) => ./staging/.*#\t\1 => \1 $beside#p" "$theirs"
  printf ')\n'
} >go.mod.new
mv go.mod.new go.mod
rm -f go.sum
go mod tidy
