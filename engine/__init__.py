"""The BPMN engine: knows processes, tasks, time and history; knows no award and no Flask."""
