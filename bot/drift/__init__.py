"""What is made of drift: what is told of it, over time and on demand, and what is done about it."""
