"""The nouns of the field as frozen values. Imports nothing of ours, so every room may speak them."""
