"""Programs are killed (`kill -9`) while sagas are in flight. `make bench` runs the same with fifty sagas."""
