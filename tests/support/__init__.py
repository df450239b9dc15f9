"""What several rooms' tests share: the sandbox as a process, the Temporal server, a worker."""
