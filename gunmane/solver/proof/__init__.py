"""Plans proven best: an exact formulation for few units, solved by HiGHS."""
