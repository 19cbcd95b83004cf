# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: release_metrics
short_description: Write the metrics of an app's releases for node_exporter
version_added: 0.1.0
description:
  - Writes C(slipway_NAME.prom) into the directory from which node_exporter reads files. Prometheus then has
    the live release, its start-up time, the phases of its deploy, and the number of deploys and rollbacks by
    outcome. The app needs no code for it.
  - M(slipway.golang.release) does the same with every act. This module is for a host that got its exporter
    after the last deploy.
  - Everything is drawn from the app's history on the host. Nothing is done on a host that has no exporter, or
    no release of the app.
options:
  textfile:
    description: The exporter's directory. Without it that is C(/var/lib/prometheus/node-exporter), if the
      host has that directory.
    type: path
extends_documentation_fragment:
  - slipway.golang.service
  - slipway.golang.attributes
seealso:
  - module: slipway.golang.release
  - module: slipway.golang.release_info
author:
  - Slipway contributors (@slipway)
"""

EXAMPLES = r"""
- name: Write the metrics of orders
  slipway.golang.release_metrics:
    name: orders
  become: true
"""

RETURN = r"""
path:
  description: The file; null if there is no exporter, or no release of the app.
  returned: success
  type: str
  sample: /var/lib/prometheus/node-exporter/slipway_orders.prom
"""
