# Each target wraps what one would type; docs/docsite/rst/lab.rst has the commands.
# LAB_NAME names the lab, so that several can run side by side on a machine.

LAB := tests/lab
PLAYBOOK := $(LAB)/exec ansible-playbook -i $(LAB)/inventory

.PHONY: help docs demo bench residue traffic overflow crash test lab lab-down burst-up burst-status burst-down shell lint sanity unit molecule modules

help:
	@echo "demo          build the lab if needed, burst up, show it, burst down, show that nothing is left"
	@echo "bench         time the modules beside the tools that they replace, in the lab; tests/lab/bench has options"
	@echo "residue       a burst up and down around the user's own applications under load; prints what is different after it"
	@echo "traffic       customers' requests all the way through a burst, with both methods: tests/output/traffic.json"
	@echo "overflow      earth is filled until pods wait, and a burst comes and goes by itself; prints when, and what failed"
	@echo "crash         the playbooks killed at each of their tasks; takes hours, tests/lab/crash has options"
	@echo "test          everything that is checked: lint sanity unit molecule"
	@echo "docs          render the documentation into tests/output/docs, and check its links"
	@echo "modules       the long scenarios of the modules, of two bursts and of what is deleted by hand, alone"
	@echo "lab lab-down  bring the lab up (building what is missing), take it away"
	@echo "burst-up burst-status burst-down   the playbooks, in the lab"
	@echo "shell         a shell in the lab's management host"

demo:
	$(LAB)/demo

bench:
	$(LAB)/bench

residue: lab
	mkdir -p tests/output
	$(LAB)/residue run tests/output/residue.json

traffic: lab
	mkdir -p tests/output
	$(LAB)/traffic run tests/output/traffic.json

overflow: lab
	mkdir -p tests/output
	$(LAB)/overflow tests/output/overflow.json

crash: lab
	$(LAB)/crash sweep

test:
	tests/check lint sanity unit molecule

lint sanity unit molecule modules docs:
	tests/check $@

lab:
	$(LAB)/bootstrap
	$(LAB)/lab up

lab-down:
	$(LAB)/lab down

shell:
	$(LAB)/lab shell

burst-up burst-status burst-down:
	$(PLAYBOOK) playbooks/$(subst -,_,$@).yml
