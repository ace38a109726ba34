"""How the planning engine stands beside its peers, on drawn land and on the model regions."""
