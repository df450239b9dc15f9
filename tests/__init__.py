"""The tests mirror the rooms; `workflows` runs whole stories, `support` is what several rooms share."""
