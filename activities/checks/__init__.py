"""What a check can find before anything is made or removed: facts in, findings out."""
