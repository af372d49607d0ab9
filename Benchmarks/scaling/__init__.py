"""What a step costs on machines that are not here: a model fitted to measurements of one that is."""
