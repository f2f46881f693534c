"""The looks that verify a version: a page, a Prometheus query, a Job. Nothing is changed anywhere."""
