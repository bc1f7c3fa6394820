"""The pure proofs against independent definitions, published vectors and every changed byte."""
