"""What caller and worker must agree on: names, requests, results, progress, Updates. Data and its rules."""
