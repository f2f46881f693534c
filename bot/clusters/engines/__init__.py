"""Argo CD and Flux, read through the clusters' API servers: what they deployed, and the request to sync."""
