-- Sends bodies of 1 MB.
wrk.method = "POST"
wrk.body = string.rep("a", 1048576)
