"""How we use Temporal: the connection, payloads and their encryption, search attributes and task queues."""
