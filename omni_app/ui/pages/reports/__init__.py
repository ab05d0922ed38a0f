"""Reports by e-mail: look at one, send one, choose which come and to whom."""
