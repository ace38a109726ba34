"""Parts of `gunmane.network`: lines taken in, junctions found, edges made, gaps measured."""
