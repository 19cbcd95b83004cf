#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ansible_test.sh COMMAND…: run ansible-test on the copy of the checkout. Its caches and environments stay in .work/home.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
home=$root/.work/home
mkdir -p "$home/.ansible/test/cache"

# pip's configuration may name a package index.
for path in .config .pip; do
  if [ -e "$HOME/$path" ] && [ ! -e "$home/$path" ]; then ln -s "$HOME/$path" "$home/$path"; fi
done

pip=$(python - <<'PYTHON'
from types import SimpleNamespace
from ansible_test._internal.python_requirements import get_venv_packages

print(get_venv_packages(SimpleNamespace(version="3.11"))["pip"].replace(".", "_"))
PYTHON
)
cp "$root/scripts/get_pip.py" "$home/.ansible/test/cache/get_pip_$pip.py"

# pyenv has shims for versions that are not installed. The sanity tests run with every installed version, the unit tests with one.
shims=$(tr : '\n' <<<"$PATH" | grep '/shims$' || true)
PATH=$(tr : '\n' <<<"$PATH" | grep -v '/shims$' | paste -sd :)
if [ -n "$shims" ] && [ "$1" = sanity ]; then
  for versions in "${shims%/shims}"/versions/*/bin; do PATH=$PATH:$versions; done
fi

cd "$(python "$root/scripts/tree.py")"
HOME=$home exec ansible-test "$@" --venv --color no
