"""Several gateway processes of one commons: who lives, who does what is to be done once, what dies is cleared up."""
