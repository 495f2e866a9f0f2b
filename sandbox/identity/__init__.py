"""The town's identity: tokens signed with one shared key, and the endpoint that hands them out."""
