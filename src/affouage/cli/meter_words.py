"""Why a meter cannot be read, and what would help, by the code of the error: for whoever sits at the machine."""

from __future__ import annotations

from affouage.web.language import N_

SENTENCES: dict[str, tuple[str, str]] = {
    "meter_not_found": (
        N_("No meter here is called {name}."),
        N_("There are: {known}. Why each counts or not: affouage meter list"),
    ),
    "meter_unreadable": (N_("The meter cannot be read at the moment."), ""),
    "meter_figure": (
        N_("The meter gives “{value}”, which is no figure that can be counted."),
        N_("Look at what it shows; until it is mended this energy is unknown."),
    ),
    "meter_field": (
        N_("The meter's answer has nothing at {field}."),
        N_("Compare energy_field or power_field with what the meter answers."),
    ),
    "meter_still": (
        N_("The meter's counter has stood still for too long."),
        N_("Its steps are too big, or it stopped: count by its power (power_field) rather than its energy."),
    ),
    "meter_late": (N_("The meter does not come back with its figure."), N_("Its driver or disk hangs.")),
    "meter_file": (
        N_("The counter's file cannot be read."),
        N_("Check path in the [[meter]] row, and that this user may read it."),
    ),
    "meter_sensor": (N_("The sensor {sensor} cannot be read."), N_("Check that this user may read it.")),
    "meter_status": (
        N_("The plug answers with error {status}."),
        N_("Open its address in a browser: it should show JSON. Check url, user and password_env."),
    ),
    "meter_answer": (
        N_("The plug answers something that is not JSON."),
        N_("Open its address in a browser: it should show JSON. Check url."),
    ),
    "meter_unreachable": (
        N_("The plug does not answer."),
        N_("Check that it is plugged in and on the network, and its url."),
    ),
    "meter_silent": (
        N_("Nothing has been heard from the plug."),
        N_("Check the topic and the broker; have the plug publish at least every 10 s (Tasmota: TelePeriod 10)."),
    ),
    "meter_no_processor_time": (
        N_("The work of the processors cannot be seen on this system."),
        N_("Use a plug: docs/how-to/add-a-meter.md."),
    ),
    "meter_undeclared": (
        N_("No power is declared for this machine."),
        N_("Set declared_watts and declared_idle_watts under [footprint]."),
    ),
    "powercap_absent": (
        N_("This machine shows no energy counter of its processor."),
        N_("A virtual machine has none; on a real one: sudo modprobe intel_rapl_msr"),
    ),
    "powercap_gone": (
        N_("The processor's counter has vanished."),
        N_("If it stays so: sudo modprobe intel_rapl_msr"),
    ),
    "powercap_permission": (
        N_("The processor's energy counters are there, but not readable: since 2020 Linux shows them to root alone."),
        N_("Put this line in {path}: {rule}   One command does it: {command}"),
    ),
    "nvml_extra": (
        N_("NVIDIA cards cannot be looked for: nvidia-ml-py is not installed."),
        N_("If this machine has one: pip install 'affouage[nvidia]'"),
    ),
    "nvml_absent": (
        N_("No NVIDIA card answers."),
        N_("If this machine has one, install NVIDIA's driver: nvidia-smi should then show it."),
    ),
    "meter_too_few": (
        N_("The meter {meter} told its power only {windows} times, which is not enough."),
        N_("Look at it with affouage meter test, then try again."),
    ),
    "meter_server_runs": (
        N_("A server runs on this home: it might be asked something meanwhile, and spoil the quiet."),
        N_("Stop it, calibrate, start it again."),
    ),
    "nvml_silent": (N_("The NVIDIA card does not answer."), N_("A driver just updated wants a restart.")),
}
