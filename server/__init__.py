"""«Журнал обращений»: a request journal in which every ticket is a live, numbered room."""
