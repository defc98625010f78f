//! A deterministic AWS for tests: virtual time, latencies, limits, lagging reads, and every fault that can be thought of.
