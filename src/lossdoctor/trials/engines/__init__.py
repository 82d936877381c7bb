"""Where trials run. An engine has three methods: submit, poll and cancel."""
