"""What the model must reproduce: theorems and published patterns, each as a function that report and tests call."""
