"""The training application: a Hydra config to a trained Keras model and its records."""
