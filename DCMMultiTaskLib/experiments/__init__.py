"""The paper's experiments: cross validation of networks, tables, figures and the page that shows them."""
