"""What is loaded, in the files that other tools read: RecBole, recommenders, and readers of libsvm."""
