"""What the model must reproduce: one check a row of ``tolerances.yaml``, and the report on all of them."""
