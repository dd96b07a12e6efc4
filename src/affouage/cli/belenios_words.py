"""What goes wrong with an election in Belenios, in words: by the code of the error."""

from affouage.web.language import N_

SENTENCES: dict[str, tuple[str, str]] = {
    "belenios_absent": (
        N_("The program belenios-tool is not on this machine."),
        N_("Install it: sudo apt install belenios-tool"),
    ),
    "belenios_slow": (N_("belenios-tool did not end in time."), N_("Try again on a faster machine.")),
    "belenios_refused": (N_("belenios-tool refuses what it was given."), ""),
    "belenios_archive": (
        N_("This is not a whole and unaltered archive of an election."),
        N_("Download the archive (.bel) again from the election's own page."),
    ),
    "belenios_other_election": (
        N_("This is another election than the one that was prepared."),
        N_("Give the archive of the election that was prepared for this vote."),
    ),
    "belenios_not_finished": (
        N_("This election is not finished: {ballots} have voted, and the urn is not opened."),
        N_("Close the vote, and let each trustee do their part of the decryption."),
    ),
    "belenios_not_this_vote": (N_("This vote is not held in Belenios."), N_("Its ballots are counted here.")),
    "belenios_colleges": (
        N_("This vote has {elections} elections, and {given} of them were given."),
        N_("Give the archive of each college, once."),
    ),
    "belenios_trustees": (
        N_("There are not enough keys of trustees: {keys}."),
        N_("Two at least: one person alone must not be able to open the urn."),
    ),
    "belenios_method": (
        N_("The result of this election cannot be counted so."),
        N_("For and against, one among several, or grades."),
    ),
    "belenios_no_voters": (N_("Nobody may vote in this election."), ""),
    "belenios_voter": (N_("A voter's identifier is there twice, or is not one."), ""),
    "belenios_weight": (N_("A voter's weight is not possible."), N_("From 1 to 1000.")),
    "belenios_weight_grades": (
        N_("Grades cannot be weighed: each ballot is opened apart."),
        N_("Give everybody weight 1."),
    ),
    "belenios_no_question": (N_("There is no question to vote on."), ""),
    "belenios_answers": (N_("A question needs two different answers at least."), N_("Write each answer once.")),
    "belenios_bounds": (N_("Nobody can choose so many."), N_("Change the bounds.")),
    "belenios_grades": (N_("Two different grades at least are needed."), N_("Write each grade once.")),
    "belenios_text": (N_("A name, a question or an answer is empty or too long."), N_("From 1 to 500 characters.")),
}
