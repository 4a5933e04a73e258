"""Labels on their way out of a project: into the store, to Label Studio, to Argilla."""
