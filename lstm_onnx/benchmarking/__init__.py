"""Latency, throughput, start-up, memory and size of a file on this machine."""
