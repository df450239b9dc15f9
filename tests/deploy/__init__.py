"""What a customer or an operator installs: that it is right, complete and no more than is needed."""
