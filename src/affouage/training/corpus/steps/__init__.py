"""What is done to each document, in the order of the recipe: a step changes it, or refuses it with a reason."""
