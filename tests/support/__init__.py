"""What the tests of several folders share: the sandbox as a process, the Temporal server, a worker."""
