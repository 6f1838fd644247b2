"""Reviews: what affected people ask, by when they are answered, what a person decides, and the letter."""
