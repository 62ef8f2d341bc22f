"""A Ray cluster of one node, for tests: prints its address, and ends with its standard input."""

from __future__ import annotations

import sys

import ray

ray.init(num_cpus=2, include_dashboard=False, _node_ip_address="127.0.0.1", object_store_memory=128 * 2**20)
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
ray.shutdown()
