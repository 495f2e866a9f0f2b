"""Other ways of writing rows into Dataverse, each in a process of its own, beside ours: same rows, same server."""
