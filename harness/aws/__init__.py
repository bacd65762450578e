"""The control plane: the only boto3 of the suite outside the offline cloud."""
