"""A server for assistants (Model Context Protocol, stdio): each tool is one command, run as a child process."""
