"""What cannot be counted, in words: by the code of the error. See ``assembly.tally.check``."""

from affouage.web.language import N_

SENTENCES: dict[str, tuple[str, str]] = {
    "count_threshold": (N_("“{given}” is no threshold."), N_("Write 1/2, 2/3, 3/4 … up to 1/1.")),
    "count_quorum": (N_("A quorum of {given} % cannot be."), N_("Give a whole number from 0 to 100.")),
    "count_electors": (N_("There cannot be fewer electors than none."), N_("Give a number, 0 or more.")),
    "count_electors_college": (N_("How many electors each college has is not said."), N_("Say it for each college.")),
    "count_empty_electorate": (N_("Nobody may vote: there is nothing to count."), N_("Say who may vote.")),
    "count_no_options": (N_("This method answers one question, by for or against."), N_("Leave the options out.")),
    "count_options": (N_("There is nothing to choose from."), N_("Name the options.")),
    "count_option_repeated": (N_("The option “{given}” stands twice."), N_("Name each option once.")),
    "count_option_name": (
        N_("No option may be called “{abstain}” or “{none}”, or nothing."),
        N_("Give it another name."),
    ),
    "count_option": (N_("A ballot names “{given}”, which is no option of this vote."), N_("The options are: {known}.")),
    "count_option_twice": (N_("A ballot names the option “{given}” twice."), N_("Name each option once.")),
    "count_equal": (
        N_("A ballot ranks two options equally."),
        N_("This method needs one before the other, or one of them left out."),
    ),
    "count_choice": (N_("A ballot is not one of this method."), N_("It reads: {expected}.")),
    "count_grades": (N_("There cannot be {given} grades."), N_("From {least} to {most} grades.")),
    "count_grade": (N_("“{given}” is no grade."), N_("From 0, the worst, to {best}.")),
    "count_grade_name": (N_("“{given}” is no grade."), N_("The grades are: {known}.")),
    "count_grade_names": (N_("Two grades have the same name."), N_("Name each once.")),
    "count_colleges": (
        N_("The colleges do not weigh 100 % in all."),
        N_("Give each a whole number from 1 to 100, and 100 together."),
    ),
    "count_college": (N_("“{given}” is no college of this vote."), N_("The colleges are: {known}.")),
    "count_too_many_ballots": (
        N_("There are more ballots than electors: {ballots} for {electors}."),
        N_("Count one ballot for each elector: the last."),
    ),
    "count_voted_twice": (N_("Two ballots are of the voter {given}."), N_("Leave their last ballot only.")),
    "count_present": (
        N_("There cannot be {given} present or represented: {ballots} voted, of {electors} electors."),
        N_("Give a number between the two."),
    ),
    "count_reason": (N_("An objection has no reason."), N_("Write the reason beside it.")),
    "count_times": (N_("The number of times a ballot is there is wrong."), N_("Give 1 or more; 1 for a named voter.")),
    "count_too_large": (N_("There are too many ballots for one file."), N_("At most a million.")),
    "count_tallies": (
        N_("Tallies stand for the ballots of majority judgment, without colleges."),
        N_("Write ballots instead."),
    ),
    "count_tally": (
        N_("The tally of “{given}” is not {grades} numbers of ballots, the best grade first."),
        N_("Give a number, 0 or more, for each grade."),
    ),
    "count_file": (
        N_("This file is no vote that can be counted: {detail}."),
        N_("The format is in docs/reference/counting.md."),
    ),
}
