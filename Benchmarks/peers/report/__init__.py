"""Makes a Markdown report and a plot from the raw data of a run."""
