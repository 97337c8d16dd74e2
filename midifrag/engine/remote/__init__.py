"""An engine on a server elsewhere, as this machine has it: `talk` knows its jobs, `engine` the connection."""
