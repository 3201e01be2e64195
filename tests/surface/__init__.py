"""What a Core looks like from outside."""
