"""The source shore: Core Practice, read through its API or out of an export bundle."""
