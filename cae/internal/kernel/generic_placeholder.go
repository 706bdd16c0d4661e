package kernel

var generic = Set{Name: "generic", Rows: 1}
