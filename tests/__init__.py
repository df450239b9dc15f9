"""The tests mirror the rooms; `workflows` runs whole stories, `e2e` whole commands, `support` is what several share."""
