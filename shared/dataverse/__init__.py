"""The target shore: the Dataverse Web API, its encodings, its faults and its pace."""
