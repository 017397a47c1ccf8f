"""What is asked of the model: one file a command, result folders, figures."""
